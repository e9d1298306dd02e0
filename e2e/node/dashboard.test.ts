import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardOf, modelOf, monitoredService } from '../../infra/observability/fixtures/monitored.ts';
import { drawDashboard } from '../dashboard/draw.ts';
import { pictures } from '../dashboard/pictures.ts';
import type { Recording } from '../dashboard/recording.ts';

const docs = join(import.meta.dirname, '../../docs');
const read = (file: string): string => readFileSync(join(docs, file), 'utf8');
const recording = JSON.parse(read('dashboard.json')) as Recording;
const { panels } = modelOf(dashboardOf(monitoredService()));
const again = 'If this fails: npm run docs:dashboard -- --record';

test('each recorded panel is one of the dashboard, with its queries', () => {
  const current = panels.map(({ type, title, targets = [] }) => ({
    type,
    title,
    queries: targets.map(({ expr }) => expr),
  }));
  for (const { type, title, queries } of recording.panels)
    expect([again, current.find((panel) => panel.type === type && panel.title === title)]).toEqual([
      again,
      { type, title, queries },
    ]);
});

test.each(Object.entries(pictures))('docs/%s.svg is drawn from the recording', (name, rows) => {
  expect(read(`${name}.svg`) === drawDashboard(recording, rows) || 'run: npm run docs:dashboard').toBe(true);
});

test('the pictures show every recorded panel, with data, and are small', () => {
  const rows = recording.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  expect(Object.values(pictures).flat().toSorted()).toEqual(rows.toSorted());
  for (const name of Object.keys(pictures)) {
    expect(read(`${name}.svg`).length).toBeLessThan(150_000);
    expect(read(`${name}.svg`)).not.toContain('No data');
  }
});
