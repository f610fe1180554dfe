/** How the files were read and why so, the fields to say otherwise, and which files of a folder were left out. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import {
  DELIMITER_WORDS,
  describeReading,
  ENCODING_WORDS,
  FORMAT_WORDS,
  isRecognised,
  readingFields,
  withChoice,
} from '../../state';
import type { Reading, ReadingChoices } from '../../worker';
import { formatCount, formatPlural } from '../format';
import { useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';

interface HowReadProps {
  readonly reading: Reading;
  /** What the person said so far. */
  readonly choices: ReadingChoices | undefined;
}

export function HowRead({ reading, choices }: HowReadProps) {
  const { dataset } = useSession();
  const [open, { toggle }] = useDisclosure(false);
  return (
    <div className={dataClasses.section}>
      <h3 className={classes.heading}>How it was read</h3>
      <p className={dataClasses.sentence}>
        {describeReading(reading)}{' '}
        {readingFields(reading).length > 0 && (
          <Button size="compact-xs" variant="subtle" aria-expanded={open} onClick={toggle}>
            {open ? 'Done' : 'Read it otherwise'}
          </Button>
        )}
      </p>
      {open && <ReadingForm reading={reading} choices={choices ?? {}} onChange={dataset.reread} />}
      <Files files={reading.files} />
    </div>
  );
}

/** For a file that could not be read as it was taken: what it is taken for, and the fields to say otherwise. */
export function FailedReading({ choices = {} }: Partial<Pick<HowReadProps, 'choices'>>) {
  const { dataset } = useSession();
  const { format = 'csv', encoding = 'utf-8', delimiter = ',', header = true, unit = 'line' } = choices;
  const taken = { format, encoding, delimiter, header, unit };
  return <ReadingForm reading={taken} choices={choices} onChange={dataset.rereadFailed} />;
}

interface ReadingFormProps {
  readonly reading: Pick<Reading, 'format' | 'encoding' | 'delimiter' | 'header' | 'unit'>;
  readonly choices: ReadingChoices;
  readonly onChange: (choices: ReadingChoices) => void;
}

function ReadingForm({ reading, choices, onChange }: ReadingFormProps) {
  const applies = readingFields(reading);
  const say = (change: ReadingChoices) => onChange(withChoice(choices, change));
  return (
    <div className={classes.rowEnd}>
      {reading.format !== 'parquet' && (
        <Choice label="Format" words={textFormats} value={reading.format} onChoose={(format) => say({ format })} />
      )}
      {applies.includes('encoding') && (
        <Choice
          label="Encoding"
          words={ENCODING_WORDS}
          value={reading.encoding ?? 'utf-8'}
          onChoose={(encoding) => say({ encoding })}
        />
      )}
      {applies.includes('delimiter') && (
        <Delimiter delimiter={reading.delimiter ?? ','} onChoose={(delimiter) => say({ delimiter })} />
      )}
      {applies.includes('header') && (
        <Choice
          label="First line"
          words={{ names: 'names the columns', row: 'is a row' }}
          value={reading.header === false ? 'row' : 'names'}
          onChoose={(first) => say({ header: first === 'names' })}
        />
      )}
      {applies.includes('unit') && (
        <Choice
          label="An example is"
          words={{ line: 'a line', paragraph: 'a paragraph' }}
          value={reading.unit ?? 'line'}
          onChoose={(unit) => say({ unit })}
        />
      )}
      <Button size="xs" variant="default" disabled={isRecognised(choices)} onClick={() => onChange({})}>
        As recognised
      </Button>
    </div>
  );
}

const { parquet: _parquet, ...textFormats } = FORMAT_WORDS;

const OTHER = 'another';

interface DelimiterProps {
  readonly delimiter: string;
  readonly onChoose: (delimiter: string) => void;
}

function Delimiter({ delimiter, onChoose }: DelimiterProps) {
  const [typing, setTyping] = useState(false);
  const found = delimiter in DELIMITER_WORDS ? {} : { [delimiter]: delimiter };
  return (
    <>
      <Choice
        label="Between cells"
        words={{ ...DELIMITER_WORDS, ...found, [OTHER]: 'another character' }}
        value={typing ? OTHER : delimiter}
        onChoose={(chosen) => {
          setTyping(chosen === OTHER);
          if (chosen !== OTHER) onChoose(chosen);
        }}
      />
      {typing && (
        <TextInput
          size="xs"
          w="4rem"
          label="Which"
          maxLength={1}
          autoFocus
          onChange={({ currentTarget: { value } }) => {
            if (value === '') return;
            setTyping(false);
            onChoose(value);
          }}
        />
      )}
    </>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly words: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChoose: (value: T) => void;
}

function Choice<T extends string>({ label, words, value, onChoose }: ChoiceProps<T>) {
  const isOne = (chosen: string): chosen is T => Object.hasOwn(words, chosen);
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value}
      data={Object.entries<string>(words).map(([key, word]) => ({ value: key, label: word }))}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        if (isOne(chosen)) onChoose(chosen);
      }}
    />
  );
}

function Files({ files }: Pick<Reading, 'files'>) {
  if (files.length < 2) return null;
  const left = files.filter(({ leftOut }) => leftOut !== null).length;
  return (
    <details>
      <summary>
        {formatPlural(files.length - left, 'file')} read{left > 0 && `, ${formatCount(left)} left out`}
      </summary>
      <div className={`${classes.detailsBody} ${classes.scroll}`}>
        <table className={`${classes.table} ${dataClasses.files}`}>
          <thead>
            <tr>
              <th>File</th>
              <th className={classes.number}>Rows</th>
              <th>Left out since</th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ path, rows, leftOut }) => (
              <tr key={path}>
                <td>{path}</td>
                <td className={classes.number}>{leftOut === null ? formatCount(rows) : '–'}</td>
                <td>{leftOut ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
