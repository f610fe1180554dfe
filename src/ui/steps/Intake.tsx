/** The ways in for a dataset: drop or pick files or a folder, paste, or one click on a sample. */
import { Button, Collapse, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { memo, useEffect, useRef, useState } from 'react';
import { Samples } from '../data/Samples';
import { focusOf } from '../keys';
import { DropArea } from '../parts/DropArea';
import partClasses from '../parts/parts.module.css';
import { useSession } from '../session';
import classes from './steps.module.css';

const PASTED = 'pasted text';

/** Remembered, as what is read says its progress around it. */
export const Intake = memo(function Intake({ hasData }: { readonly hasData: boolean }) {
  const { dataset, openFiles } = useSession();
  const [pasting, { toggle, close }] = useDisclosure(false);
  const [text, setText] = useState('');
  usePasteAnywhere();

  const readPasted = () => {
    dataset.openText(PASTED, text);
    close();
  };
  return (
    <>
      <DropArea label="Drop a dataset" compact={hasData} onFiles={openFiles}>
        <span>
          {hasData ? 'Drop another dataset' : 'Drop a dataset'}, or choose files{' '}
          <span className={partClasses.dropHint}>
            JSON Lines, JSON, CSV or TSV, Parquet, text, a zip or a folder · Ctrl-V pastes from anywhere
          </span>
        </span>
      </DropArea>
      <Samples compact={hasData}>
        <Button size="compact-sm" variant="subtle" aria-expanded={pasting} onClick={toggle}>
          Paste text
        </Button>
        <FolderButton onFiles={openFiles} />
      </Samples>
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
});

/** A picker of whole folders, which the drop area's own picker cannot be as well. */
function FolderButton({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current !== null) input.current.webkitdirectory = true;
  }, []);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same folder may be chosen twice.
          currentTarget.value = '';
        }}
      />
      <Button size="compact-sm" variant="subtle" onClick={() => input.current?.click()}>
        Choose a folder
      </Button>
    </>
  );
}

/** Ctrl-V outside of a field is a dataset. */
function usePasteAnywhere() {
  const { dataset, openFiles } = useSession();
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.clipboardData === null || focusOf(target) === 'field') return;
      const files = [...event.clipboardData.files];
      const text = event.clipboardData.getData('text/plain');
      if (files.length > 0) openFiles(files);
      else if (text.trim() !== '') dataset.openText(PASTED, text);
      else return;
      event.preventDefault();
      document.getElementById('data')?.scrollIntoView();
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, [dataset, openFiles]);
}
