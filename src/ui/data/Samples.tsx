/** The datasets that come with the page: a card each with its task, size, source and licence; buttons once there is data. */
import { Button, Skeleton, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Sample } from '../../state';
import { formatPlural } from '../format';
import { Problem } from '../parts/Problem';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';
import { TASK_WORDS } from './TaskField';

interface SamplesProps {
  readonly compact: boolean;
  /** Other ways in, beside the samples. */
  readonly children: ReactNode;
}

export function Samples({ compact, children }: SamplesProps) {
  const { openSample, samples } = useSession();
  const { list, opening, problem } = usePart('samples', (all) => all);
  const refusal = (
    <Problem problem={problem} actions={[{ label: 'List the samples again', run: () => void samples.list() }]} />
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
          {children}
        </div>
        {refusal}
      </>
    );
  }
  return (
    <>
      <div className={classes.row}>
        <span className={classes.quiet}>Or start with a sample</span>
        {children}
      </div>
      {refusal}
      <div className={classes.samples}>
        {list === null && [1, 2, 3, 4, 5, 6].map((key) => <Skeleton key={key} height="7rem" />)}
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

/** What a card may say beside its text. */
interface CardFacts {
  readonly rows?: number | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly source?: string | undefined;
  readonly licence?: string | undefined;
}

interface SampleCardProps {
  readonly sample: Sample & CardFacts;
  readonly disabled: boolean;
  readonly onOpen: () => void;
}

function SampleCard({ sample, disabled, onOpen }: SampleCardProps) {
  const { title, description, task, rows, labels, source, licence } = sample;
  const facts = [
    TASK_WORDS[task].term,
    rows && formatPlural(rows, 'row'),
    labels && labels.length > 0 && formatPlural(labels.length, 'label'),
  ];
  return (
    <UnstyledButton className={classes.sample} disabled={disabled} onClick={onOpen}>
      <span className={classes.sampleTitle}>{title}</span>
      <span className={classes.sampleText}>{description}</span>
      <span className={dataClasses.facts}>
        <span>{facts.filter(Boolean).join(' · ')}</span>
        {(source ?? licence) !== undefined && <span>{[source, licence].filter(Boolean).join(' · ')}</span>}
      </span>
    </UnstyledButton>
  );
}
