/** Puts the page over an engine: makes the session of this visit from the link, begins it, draws it. */
import '@mantine/core/styles.css';
import '@mantine/dropzone/styles.css';
import './global.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { createDelay, createFrameSchedule, createSession, parseUrl } from '../state';
import type { Engine, ExportedFile } from '../worker';
import { App } from './App';
import { SessionProvider } from './session';
import { resolveVariables, theme } from './tokens';

export function start(engine: Engine, root: HTMLElement): void {
  const url = parseUrl(location.search);
  const session = createSession(engine, {
    url,
    schedule: createFrameSchedule(),
    delay: createDelay(),
    fetchSample,
    save,
  });
  session.begin();
  createRoot(root).render(
    <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto">
      <SessionProvider session={session}>
        <App linkProblems={url.problems} />
      </SessionProvider>
    </MantineProvider>,
  );
}

async function fetchSample(file: string): Promise<string> {
  const response = await fetch(`${import.meta.env.BASE_URL}samples/${file}`);
  if (!response.ok) throw new Error(`The sample ${file} could not be fetched (HTTP ${response.status}).`);
  return response.text();
}

function save({ name, bytes }: ExportedFile): void {
  const address = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once it has begun.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
