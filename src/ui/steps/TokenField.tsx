/** The hub's access token: asked for where the hub asks, kept in memory, never filled in or remembered by the browser. */
import { Button, PasswordInput } from '@mantine/core';
import type { FormEvent } from 'react';
import { usePart, useSession } from '../session';
import classes from './model.module.css';

interface TokenFieldProps {
  /** The repository whose terms are to be accepted on its page first. */
  readonly terms?: string | null;
  /** What to try again with the token. */
  readonly submit?: { readonly label: string; readonly run: () => void };
}

export function TokenField({ terms = null, submit }: TokenFieldProps) {
  const { hubToken } = useSession();
  const token = usePart('hubToken', (state) => state.token);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (token !== '') submit?.run();
  };
  return (
    <form className={classes.token} onSubmit={onSubmit} autoComplete="off">
      <PasswordInput
        className={classes.tokenInput}
        label="Access token"
        description="It stays in memory until this page is closed, and is sent to the hub only."
        placeholder="hf_…"
        autoComplete="off"
        spellCheck={false}
        value={token}
        onChange={(event) => hubToken.set(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the token' }}
      />
      {submit && (
        <Button type="submit" variant="default" disabled={token === ''}>
          {submit.label}
        </Button>
      )}
      <p className={classes.tokenLinks}>
        {terms !== null && (
          <>
            Accept the terms on{' '}
            <a href={`https://huggingface.co/${terms}`} target="_blank" rel="noreferrer">
              the model’s page
            </a>
            , and then{' '}
          </>
        )}
        <a href="https://huggingface.co/settings/tokens" target="_blank" rel="noreferrer">
          make a token
        </a>{' '}
        that may read.
      </p>
    </form>
  );
}
