/** The table of all operators that the compiler knows. A new operator is one entry in the file of its family. */
import type { OperatorRule, RuleTable } from '../types';
import { activations } from './activations';
import { attention } from './attention';
import { bnb4 } from './bnb4';
import { constants } from './constants';
import { einsum } from './einsum';
import { elementwise } from './elementwise';
import { gather } from './gather';
import { integer } from './integer';
import { logic } from './logic';
import { matmul } from './matmul';
import { multiHeadAttention } from './multiHeadAttention';
import { normalise } from './normalise';
import { parts } from './parts';
import { positions } from './positions';
import { quantised } from './quantised';
import { reduce } from './reduce';
import { rotary } from './rotary';
import { shape } from './shape';
import { softmax } from './softmax';

/** By what they are for, as the README lists them. */
export const families: Readonly<Record<string, RuleTable>> = {
  'Matrix products': { ...matmul, ...einsum },
  'Quantised weights': { ...quantised, ...bnb4, ...integer },
  Attention: { ...attention, ...multiHeadAttention, ...rotary },
  Normalisation: normalise,
  Activations: { ...activations, ...softmax },
  Arithmetic: elementwise,
  'Comparison and choice': logic,
  Reduction: reduce,
  'Joining, cutting, reshaping': { ...parts, ...shape },
  'Picking by index': gather,
  'Positions and constants': { ...positions, ...constants },
};

export const rules: RuleTable = Object.fromEntries(Object.values(families).flatMap(Object.entries<OperatorRule>));
