/** The table of all operators that the compiler knows. A new operator is one entry in the file of its family. */
import type { RuleTable } from '../types';
import { activations } from './activations';
import { attention } from './attention';
import { constants } from './constants';
import { elementwise } from './elementwise';
import { matmul } from './matmul';
import { normalise } from './normalise';
import { parts } from './parts';
import { quantised } from './quantised';
import { reduce } from './reduce';
import { shape } from './shape';

export const rules: RuleTable = {
  ...activations,
  ...attention,
  ...constants,
  ...elementwise,
  ...matmul,
  ...normalise,
  ...parts,
  ...quantised,
  ...reduce,
  ...shape,
};
