/** A button that says why it cannot be pressed now. */
import { Button, type ButtonProps, Tooltip } from '@mantine/core';

interface ReasonButtonProps extends Pick<ButtonProps, 'size' | 'variant'> {
  readonly label: string;
  /** null: it can. */
  readonly reason: string | null;
  readonly onClick: () => void;
}

export function ReasonButton({ label, reason, onClick, ...looks }: ReasonButtonProps) {
  return (
    <Tooltip label={reason} disabled={reason === null}>
      {/* Not `disabled`: a reason that can't be focused can't be read. */}
      <Button
        {...looks}
        aria-label={label}
        aria-disabled={reason !== null || undefined}
        data-disabled={reason !== null || undefined}
        onClick={() => reason === null && onClick()}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
