/**
 * Draws the pictures of the dashboard in docs/ from docs/dashboard.json. With --record, it first records that file
 * anew, which takes four minutes and needs Prometheus: eval "$(.ci/prometheus)".
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawDashboard } from './draw.ts';
import { pictures } from './pictures.ts';
import { record } from './record.ts';
import type { Recording } from './recording.ts';

const docs = join(import.meta.dirname, '../../docs');
const file = join(docs, 'dashboard.json');

if (process.argv.includes('--record')) {
  const { panels, ...others } = await record();
  // A line for each panel, so that a new recording can be compared with the old one.
  const lines = panels.map((panel) => JSON.stringify(panel)).join(',\n');
  await writeFile(file, `${JSON.stringify(others).slice(0, -1)},"panels":[\n${lines}\n]}\n`);
}
const recording = JSON.parse(await readFile(file, 'utf8')) as Recording;
for (const [name, rows] of Object.entries(pictures))
  await writeFile(join(docs, `${name}.svg`), drawDashboard(recording, rows));
