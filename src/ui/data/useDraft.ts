/**
 * What is typed in a field that the engine answers to: sent when the typing rests or the field is left, and never taken
 * from under the fingers; an answer that says otherwise is shown once the field is left.
 */
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';

const REST_MS = 300;

interface Draft<T> {
  readonly draft: T;
  readonly type: (value: T) => void;
  readonly focusProps: { readonly onFocus: () => void; readonly onBlur: () => void };
}

export function useDraft<T>(value: T, send: (value: T) => void): Draft<T> {
  const [draft, setDraft] = useState(value);
  const state = useRef({ focused: false, unsent: false, missed: false });
  const debounced = useDebouncedCallback((typed: T) => {
    Object.assign(state.current, { unsent: false, missed: false });
    send(typed);
  }, REST_MS);
  useEffect(() => {
    if (state.current.focused) state.current.missed = true;
    else setDraft(value);
  }, [value]);
  return {
    draft,
    type: (typed) => {
      state.current.unsent = true;
      setDraft(typed);
      debounced(typed);
    },
    focusProps: {
      onFocus: () => {
        state.current.focused = true;
      },
      onBlur: () => {
        const { unsent, missed } = state.current;
        state.current = { focused: false, unsent, missed: false };
        if (unsent) debounced.flush();
        else if (missed) setDraft(value);
      },
    },
  };
}
