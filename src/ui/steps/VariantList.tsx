/** The graphs a source offers, best first: how the weights are stored, how large, whether this device holds them. */
import { Radio } from '@mantine/core';
import type { ModelVariant } from '../../worker';
import { formatBytes } from '../format';
import classes from './model.module.css';

const DTYPE_WORDS: Readonly<Record<string, string>> = {
  q4: '4-bit',
  q4f16: '4-bit, the rest 16-bit',
  int4: '4-bit',
  bnb4: '4-bit, bitsandbytes',
  q8: '8-bit',
  int8: '8-bit',
  uint8: '8-bit',
  fp16: '16-bit, half precision',
  fp32: '32-bit, full precision',
};

const FITS: Readonly<Record<ModelVariant['fit'], { readonly mark: string; readonly words: string }>> = {
  fits: { mark: '✓', words: 'fits' },
  tight: { mark: '!', words: 'tight' },
  'too-large': { mark: '✕', words: 'too large' },
  unknown: { mark: '?', words: 'not known' },
};

/** `q4` → `4-bit`. */
export function dtypeWords(dtype: string): string {
  return DTYPE_WORDS[dtype] ?? dtype;
}

interface VariantListProps {
  readonly label: string;
  readonly variants: readonly ModelVariant[];
  /** The chosen one's `onnxPath`. */
  readonly value: string;
  readonly onChange: (onnxPath: string) => void;
}

export function VariantList({ label, variants, value, onChange }: VariantListProps) {
  const chosen = variants.find(({ onnxPath }) => onnxPath === value);
  const isAmbiguous = (dtype: string) => variants.filter((other) => other.dtype === dtype).length > 1;
  return (
    <Radio.Group label={label} value={value} onChange={onChange}>
      <div className={classes.variants}>
        {variants.map(({ onnxPath, dtype, bytes, fit }, index) => (
          <Radio
            key={onnxPath}
            value={onnxPath}
            classNames={{ body: classes.variant ?? '', labelWrapper: classes.variantLabel ?? '' }}
            label={
              <span className={classes.variantCells}>
                <span>
                  {dtypeWords(dtype)}
                  {index === 0 && fit !== 'too-large' && ', recommended'}
                  {isAmbiguous(dtype) && <span className={classes.variantPath}>{onnxPath}</span>}
                </span>
                <code>{dtype}</code>
                <span className={classes.variantSize}>{bytes === null ? 'size not known' : formatBytes(bytes)}</span>
                <span className={classes.fit} data-fit={fit}>
                  <span aria-hidden className={classes.fitMark}>
                    {FITS[fit].mark}
                  </span>
                  {FITS[fit].words}
                </span>
              </span>
            }
          />
        ))}
      </div>
      <p className={classes.fitReason} aria-live="polite">
        {chosen?.fitReason}
      </p>
    </Radio.Group>
  );
}
