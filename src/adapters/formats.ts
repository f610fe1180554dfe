/** All formats, by method and by what a file says of itself. */
import type { AdapterValues } from '../tuning';
import type { AdapterFormat } from './format';
import { loraFormat } from './loraFormat';
import { prefixFormat } from './prefixFormat';
import { promptFormat } from './promptFormat';

/** Each takes adapters of its own method only. */
const byMethod: Readonly<Record<AdapterValues['method'], AdapterFormat<AdapterValues>>> = {
  prefix: prefixFormat,
  prompt: promptFormat,
  lora: loraFormat,
};

export const formats = Object.values(byMethod);

export const formatOf = ({ method }: AdapterValues): AdapterFormat<AdapterValues> => byMethod[method];
