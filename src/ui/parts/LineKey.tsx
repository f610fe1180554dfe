/** What a line of a chart stands for: a piece of it, and its name. */
import classes from './parts.module.css';

interface LineKeyProps {
  readonly color: string;
  readonly width: number;
  readonly label: string;
  readonly dash?: string;
  readonly dot?: boolean;
}

export function LineKey({ color, width, label, dash, dot }: LineKeyProps) {
  return (
    <span className={classes.lineKey}>
      <svg width="22" height="8" aria-hidden="true">
        <line x1="0" x2="22" y1="4" y2="4" stroke={color} strokeWidth={width} strokeDasharray={dash} />
        {dot && <circle cx="11" cy="4" r="3.2" fill={color} />}
      </svg>
      {label}
    </span>
  );
}
