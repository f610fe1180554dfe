/** A name that is changed in place: Enter takes it, and so does going elsewhere; Escape leaves it as it was. */
import { TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

export interface NameFieldProps {
  readonly name: string;
  /** A name of null: it stays as it was. Ended by a key, the keyboard is still here. */
  readonly onEnd: (name: string | null, byKey: boolean) => void;
}

export function NameField({ name, onEnd }: NameFieldProps) {
  const [draft, setDraft] = useState(name);
  const field = useRef<HTMLInputElement>(null);
  const ended = useRef(false);
  useEffect(() => field.current?.select(), []);
  // The field loses the focus when a key ends it, and again when it goes.
  const end: NameFieldProps['onEnd'] = (...how) => {
    if (ended.current) return;
    ended.current = true;
    onEnd(...how);
  };
  return (
    <TextInput
      ref={field}
      size="xs"
      aria-label={`Name of ${name}`}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => end(draft, false)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        // Or the button that gets the focus would be pressed by the same key.
        event.preventDefault();
        end(event.key === 'Enter' ? draft : null, true);
      }}
    />
  );
}
