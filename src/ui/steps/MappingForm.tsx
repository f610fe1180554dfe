/** How the data are read, what their columns are for, and the text that is made of them: as guessed, and to say otherwise. */
import type { DatasetOptions, DatasetSummary } from '../../worker';
import { HowRead } from '../data/HowRead';
import { LabelWords } from '../data/LabelWords';
import { Roles } from '../data/Roles';
import { TaskField } from '../data/TaskField';
import { TemplateFields } from '../data/TemplateFields';
import classes from './steps.module.css';

interface MappingFormProps {
  readonly summary: DatasetSummary;
  readonly options: DatasetOptions;
}

export function MappingForm({ summary, options }: MappingFormProps) {
  const { mapping, columns, reading } = summary;
  return (
    <div className={classes.sections}>
      <HowRead reading={reading} choices={options.reading} />
      <Roles summary={summary} />
      <TaskField task={mapping.task} />
      <TemplateFields mapping={mapping} columns={columns} />
      {mapping.task === 'classification' && summary.labels.length > 0 && <LabelWords summary={summary} />}
    </div>
  );
}
