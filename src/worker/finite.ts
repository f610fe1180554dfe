/** Measurements as they are kept: what is infinite or no number is null, since records and files take numbers alone. */
export const finite = (value: number | null): number | null => (Number.isFinite(value) ? value : null);
