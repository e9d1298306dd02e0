/**
 * Writes what the comments of infra/ explain to a file of the npm package, whose compiled code may lack the comments.
 * `npm run build` runs it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readComments } from './doc-comments.ts';
import { packagedExplanations } from './explanations.ts';

const [folder = 'dist'] = process.argv.slice(2);
const explanations = readComments(join(import.meta.dirname, '..'));
writeFileSync(join(folder, 'infra/explanations', packagedExplanations), JSON.stringify(explanations));
