/** The head of the page: its name, what is loaded and where it runs, light or dark, help. */
import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { sourceName, summaryOf } from '../state';
import { formatBytes } from './format';
import { usePart } from './session';
import classes from './shell.module.css';

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  const summary = usePart('model', summaryOf);
  const source = usePart('model', (state) => state.source);
  // Per cent, so that the header is drawn a hundred times while a model loads and not with every message.
  const percent = usePart('model', ({ phase }) => (phase.status === 'loading' ? Math.floor(100 * phase.share) : null));
  const loading = percent === null ? 'No model' : `${sourceName(source)} · ${percent} %`;
  const name = summary ? `${summary.name} · ${summary.dtype} · ${formatBytes(summary.fileBytes)}` : loading;
  return (
    <header className={classes.header}>
      <span className={classes.brand}>Prelude</span>
      <div className={classes.headerFacts}>
        <a href="#model">{name}</a>
        {summary && (
          <a href="#model" className={classes.wideOnly}>
            {summary.device.description}
          </a>
        )}
      </div>
      <SchemeToggle />
      <Tooltip label="Keys and words (?)">
        <ActionIcon variant="subtle" color="gray" aria-label="Help" onClick={onHelp}>
          ?
        </ActionIcon>
      </Tooltip>
    </header>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  return (
    <Tooltip label={`Switch to ${next}`}>
      <ActionIcon variant="subtle" color="gray" aria-label={`Switch to ${next}`} onClick={() => setColorScheme(next)}>
        ◐
      </ActionIcon>
    </Tooltip>
  );
}
