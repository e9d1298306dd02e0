/** Draws the pictures of docs/tutorial/: npm run docs:tutorial */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictures } from './pictures.ts';

const folder = join(import.meta.dirname, '../../docs/tutorial');
for (const [name, svg] of Object.entries(pictures())) writeFileSync(join(folder, `${name}.svg`), svg);
