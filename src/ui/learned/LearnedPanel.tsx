/** "What did it learn?": of one adapter, the figures that there are of its method, each when somebody asks for it. */
import { Select } from '@mantine/core';
import { figuresFor } from '../../state';
import type { AdapterShape, FigureWords } from '../../worker';
import { LEARNED } from '../keys';
import { usePart, useSession } from '../session';
import shellClasses from '../shell.module.css';
import { adapterOptions } from '../steps/adapterOptions';
import stepClasses from '../steps/steps.module.css';
import { AblationPanel } from './AblationPanel';
import { AttentionPanel } from './AttentionPanel';
import classes from './learned.module.css';
import { NeighboursPanel } from './NeighboursPanel';
import { NormsPanel } from './NormsPanel';
import { MISSING } from './words';

export function LearnedPanel() {
  const adapter = usePart('learned', (state) => state.adapter);
  return (
    <section id={LEARNED} aria-label="What did it learn?" className={shellClasses.step}>
      <header className={shellClasses.stepHead}>
        <h2 className={shellClasses.stepTitle} tabIndex={-1}>
          What did it learn?
        </h2>
        <span className={shellClasses.stepLine}>A look inside the adapter; nothing here changes it.</span>
      </header>
      {adapter === null ? (
        <p className={stepClasses.quiet}>Tune an adapter, or bring one, and it can be looked into here.</p>
      ) : (
        <div className={stepClasses.stack}>
          <AdapterSelect id={adapter.id} />
          <Figures key={adapter.id} adapter={adapter} />
        </div>
      )}
    </section>
  );
}

function AdapterSelect({ id }: { readonly id: string }) {
  const { learned } = useSession();
  const list = usePart('adapters', (state) => state.list);
  const choose = (value: string | null) => {
    const adapter = list.find((one) => one.id === value);
    if (adapter) learned.choose(adapter);
  };
  return (
    <Select
      className={classes.adapter}
      label="Adapter"
      size="xs"
      data={adapterOptions(list)}
      value={id}
      allowDeselect={false}
      onChange={choose}
    />
  );
}

interface FiguresProps {
  readonly adapter: { readonly id: string; readonly shape: AdapterShape };
}

function Figures({ adapter }: FiguresProps) {
  const missing = MISSING[adapter.shape.method];
  return (
    <>
      <div className={classes.figures}>
        {figuresFor(adapter).map((words) => (
          <OneFigure key={words.name} words={words} {...adapter} />
        ))}
      </div>
      {missing !== null && <p className={stepClasses.quiet}>{missing}</p>}
    </>
  );
}

function OneFigure({ words, id, shape }: FiguresProps['adapter'] & { readonly words: FigureWords }) {
  switch (words.name) {
    case 'attention':
      return shape.method === 'lora' ? null : <AttentionPanel words={words} adapterId={id} method={shape.method} />;
    case 'ablation':
      return <AblationPanel words={words} />;
    case 'norms':
      return <NormsPanel words={words} shape={shape} />;
    case 'neighbours':
      return shape.method === 'lora' ? null : <NeighboursPanel words={words} length={shape.length} />;
    default:
      return words.name satisfies never;
  }
}
