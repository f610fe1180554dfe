/** The ways in for a dataset: drop or pick a file, paste, or one click on a sample. */
import { Button, Collapse, Skeleton, Textarea, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Sample } from '../../state';
import { focusOf } from '../keys';
import { DropArea } from '../parts/DropArea';
import { Problem } from '../parts/Problem';
import partClasses from '../parts/parts.module.css';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

const PASTED = 'pasted text';
const FORMATS = '.jsonl,.ndjson,.json,.csv,.tsv,.txt';

export function Intake({ hasData }: { readonly hasData: boolean }) {
  const { dataset, openFile } = useSession();
  const [pasting, { toggle, close }] = useDisclosure(false);
  const [text, setText] = useState('');
  usePasteAnywhere();

  const openFiles = (files: readonly File[]) => {
    const [file] = files;
    if (files.length === 1 && file) openFile(file);
    else
      dataset.reject('', {
        kind: 'data',
        message: `${files.length} files were dropped, and a dataset is one file.`,
        hint: 'Drop one of them.',
      });
  };
  const readPasted = () => {
    dataset.openText(PASTED, text);
    close();
  };
  return (
    <>
      <DropArea label="Drop a dataset" compact={hasData} accept={FORMATS} onFiles={openFiles}>
        <span>
          {hasData ? 'Drop another dataset' : 'Drop a dataset'}, or choose a file{' '}
          <span className={partClasses.dropHint}>JSON Lines, JSON, CSV or TSV · Ctrl-V pastes one from anywhere</span>
        </span>
      </DropArea>
      <Samples compact={hasData} onPaste={toggle} />
      <Collapse expanded={pasting}>
        <div className={classes.stack}>
          <Textarea
            label="Dataset as text"
            description="With column names in the first line, or one JSON object per line"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autosize
            minRows={4}
            maxRows={12}
            classNames={{ input: classes.mono ?? '' }}
          />
          <div>
            <Button size="xs" variant="default" disabled={text.trim() === ''} onClick={readPasted}>
              Read it
            </Button>
          </div>
        </div>
      </Collapse>
    </>
  );
}

function Samples({ compact, onPaste }: { readonly compact: boolean; readonly onPaste: () => void }) {
  const { openSample, samples } = useSession();
  const { list, opening, problem } = usePart('samples', (all) => all);
  const refusal = (
    <Problem problem={problem} actions={[{ label: 'List the samples again', run: () => void samples.list() }]} />
  );
  const paste = (
    <Button size="compact-sm" variant="subtle" onClick={onPaste}>
      Paste text
    </Button>
  );
  if (compact) {
    return (
      <>
        <div className={classes.row}>
          <span className={classes.quiet}>Samples</span>
          {list?.map((sample) => (
            <Button
              key={sample.name}
              size="compact-sm"
              variant="default"
              disabled={opening !== null}
              onClick={() => void openSample(sample)}
            >
              {sample.title}
            </Button>
          ))}
          {paste}
        </div>
        {refusal}
      </>
    );
  }
  return (
    <>
      <div className={classes.row}>
        <span className={classes.quiet}>Or start with a sample</span>
        {paste}
      </div>
      {refusal}
      <div className={classes.samples}>
        {list === null && [1, 2, 3].map((key) => <Skeleton key={key} height="5.5rem" />)}
        {list?.map((sample) => (
          <SampleCard
            key={sample.name}
            sample={sample}
            disabled={opening !== null}
            onOpen={() => void openSample(sample)}
          />
        ))}
      </div>
    </>
  );
}

interface SampleCardProps {
  readonly sample: Sample;
  readonly disabled: boolean;
  readonly onOpen: () => void;
}

function SampleCard({ sample, disabled, onOpen }: SampleCardProps) {
  return (
    <UnstyledButton className={classes.sample} disabled={disabled} onClick={onOpen}>
      <span className={classes.sampleTitle}>{sample.title}</span>
      <span className={classes.sampleText}>{sample.description}</span>
    </UnstyledButton>
  );
}

/** Ctrl-V outside of a field is a dataset. */
function usePasteAnywhere() {
  const { dataset, openFile } = useSession();
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.clipboardData === null || focusOf(target) === 'field') return;
      const file = event.clipboardData.files[0];
      const text = event.clipboardData.getData('text/plain');
      if (file) openFile(file);
      else if (text.trim() !== '') dataset.openText(PASTED, text);
      else return;
      event.preventDefault();
      document.getElementById('data')?.scrollIntoView();
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, [dataset, openFile]);
}
