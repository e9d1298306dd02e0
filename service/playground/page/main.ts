/** A page to try the models of the service that sent it. */
import type { ModelListEntry } from '../../contract/api.ts';
import { failureElement } from './answer/answer-panel.ts';
import { Failure } from './api/failure.ts';
import { askForKey } from './api/key-dialog.ts';
import { Service } from './api/service.ts';
import { byId, h } from './element.ts';
import { createModelChoice } from './model-choice.ts';
import { createModelPage, type ModelPage } from './model-page.ts';

/** A model that is being loaded is asked about so often. */
const POLL_MS = 1000;

const service = new Service(askForKey);
const main = byId('main');
/** By address. A model that is chosen again still has its values and answers. */
const pages = new Map<string, ModelPage>();
let page: ModelPage | undefined;
/** Counts choices, so that the response to an earlier one does not replace a later one. */
let choices = 0;

/** Lists the models, and shows the one that the address names, or the default one. */
async function start(): Promise<void> {
  await withFailures(start, async () => {
    const { models, default: defaultName } = await service.models();
    const choice = createModelChoice(models, defaultName, location.hash, (entry) => void show(entry));
    byId('choice').replaceChildren(choice.element);
    if (choice.chosen === undefined)
      notice('No models', 'This service has no models yet. Put a folder with a model.onnx into its folder of models.');
    else await show(choice.chosen);
    await showLinks();
  });
}

async function show(entry: ModelListEntry): Promise<void> {
  const choice = ++choices;
  const address = `#${encodeURIComponent(entry.name)}/${encodeURIComponent(entry.version)}`;
  location.replace(address);
  document.title = `${entry.name} ${entry.version}: Playground`;
  page = undefined;
  if (entry.state === 'failed') {
    notice(`${entry.name} ${entry.version} could not be loaded`, entry.reason);
    return;
  }
  if (entry.state === 'loading') {
    notice(`${entry.name} ${entry.version} is being loaded`, 'This page shows it as soon as it is ready.');
    setTimeout(() => {
      if (choice === choices) void start();
    }, POLL_MS);
    return;
  }
  await withFailures(
    () => show(entry),
    async () => {
      const shown = pages.get(address) ?? createModelPage(service, await service.describe(entry), entry.default);
      if (choice !== choices) return;
      pages.set(address, shown);
      page = shown;
      main.replaceChildren(...page.elements);
    },
  );
}

async function showLinks(): Promise<void> {
  const { docs, metrics, version } = await service.settings();
  byId('links').replaceChildren(
    docs
      ? h('a', { href: 'docs' }, 'API')
      : h('span', { title: 'A browser cannot send the API key for a page' }, 'API: /docs, with the key'),
    metrics
      ? h('a', { href: 'metrics' }, 'Metrics')
      : h('span', { title: 'No Service leads to this port' }, 'Metrics: /metrics at the management port, 8002'),
    h('span', {}, `Rhizome ${version}`),
  );
}

/** Shows a failure in place of the page, with a way to try again. */
async function withFailures(again: () => Promise<void>, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // The replica that listed the model may be another one than the one that lacks it.
    const retry = error.isModelNotFound ? start : again;
    main.replaceChildren(
      h(
        'section',
        { class: 'card notice' },
        failureElement(error, () => void retry()),
      ),
    );
  }
}

function notice(title: string, text: string): void {
  main.replaceChildren(
    h('section', { class: 'card notice', role: 'status' }, h('h1', {}, title), h('p', { class: 'reason' }, text)),
  );
}

addEventListener('resize', () => {
  page?.resize();
});
addEventListener('paste', ({ clipboardData }) => {
  const image = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
  if (image !== undefined) page?.paste(image);
});
void start();
