/** `npm run docs`: writes the README's tables anew. */
import { writeFileSync } from 'node:fs';
import { expectedReadme, README } from './readme';

writeFileSync(README, expectedReadme());
