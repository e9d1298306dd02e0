import type { ModelDescription } from '../../contract/api.ts';
import { createAnswerPanel } from './answer/answer-panel.ts';
import { pictureIn } from './answer/boxes.ts';
import { createCodePanel } from './answer/code-panel.ts';
import { IMAGE } from './answer/snippets.ts';
import { createHistory } from './answer/history.ts';
import { Failure } from './api/failure.ts';
import type { Answer, Row } from './api/messages.ts';
import type { Service } from './api/service.ts';
import { h } from './element.ts';
import { createWhatIf } from './explore/what-if.ts';
import { createForm } from './form/form.ts';
import { formatNumber } from './format.ts';
import { createRowsPanel } from './rows/rows-panel.ts';

const MOST_EXAMPLES = 8;
const MOST_ANSWERS = 20;
/** Each keeps its image, of several megabytes. */
const MOST_ANSWERS_WITH_IMAGES = 5;

const tasks: Readonly<Record<ModelDescription['task'], string>> = {
  classifier: 'classifier',
  regressor: 'regressor',
  'anomaly-detector': 'anomaly detector',
  tensors: 'tensors',
};

/** Everything to do with one version of a model. */
export interface ModelPage {
  readonly elements: readonly HTMLElement[];
  /** To be called when the size of the window has changed. */
  readonly resize: () => void;
  /** To be called when the user has pasted an image, wherever. */
  readonly paste: (image: File) => void;
}

/** @param isDefault whether requests that name no version use this one */
export function createModelPage(service: Service, model: ModelDescription, isDefault: boolean): ModelPage {
  const form = createForm(model, () => {
    code.update();
  });
  const answers = createAnswerPanel(() => void predict());
  const images = model.features.filter(({ decode }) => decode?.image).map(({ name }) => name);
  const history = createHistory(images.length > 0 ? MOST_ANSWERS_WITH_IMAGES : MOST_ANSWERS, ({ row, answer }) => {
    form.write(row);
    show(row, answer);
  });
  const code = createCodePanel(() => ({
    url: new URL('.', document.baseURI).href.replace(/\/$/, ''),
    model,
    isDefault,
    row: { ...form.read(), ...Object.fromEntries(images.map((name) => [name, IMAGE])) },
    usesKey: service.usesKey,
  }));
  const predictRows = (rows: readonly Row[]): Promise<Answer> => service.predict(model, isDefault, rows);
  const whatIf = createWhatIf(model, form, predictRows);

  const show = (row: Row, answer: Answer): void => {
    form.clear();
    form.show('warning', answer.predictions[0]?.warnings ?? []);
    answers.show(answer, pictureIn(model, row));
  };
  const showErrors = (failure: Failure): void => {
    form.clear();
    answers.fail(failure, form.show('error', failure.issues));
    form.fields.find(({ element }) => element.querySelector('[aria-invalid]'))?.focus();
  };
  const predict = async (): Promise<void> => {
    const row = form.read();
    answers.setBusy(true);
    button.disabled = true;
    try {
      const answer = await service.predict(model, isDefault, row);
      show(row, answer);
      history.add({ row, answer });
      code.update();
      whatIf?.refresh();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      showErrors(error);
    } finally {
      answers.setBusy(false);
      button.disabled = false;
    }
  };

  const button = h('button', { class: 'primary' }, 'Predict');
  const inputs = h('section', { class: 'card inputs', 'aria-labelledby': 'inputs-title' });
  inputs.append(
    h('h2', { id: 'inputs-title' }, 'Input'),
    exampleChips(model, form.write),
    h(
      'form',
      {
        novalidate: true,
        submit: (event) => {
          event.preventDefault();
          void predict();
        },
      },
      form.element,
      h('div', { class: 'buttons' }, button),
    ),
  );
  form.write(model.example?.input ?? {});
  return {
    elements: [
      introduction(model),
      h(
        'div',
        { class: 'columns' },
        h('div', {}, inputs, history.element),
        h('div', {}, answers.element, ...(whatIf ? [whatIf.element] : []), code.element),
      ),
      // A cell of a table cannot hold an image.
      ...(images.length > 0 ? [] : [createRowsPanel(model, predictRows)]),
    ],
    resize: () => whatIf?.resize(),
    paste: form.paste,
  };
}

function introduction({ name, version, task, description, metrics, not_verified: notVerified }: ModelDescription) {
  const facts = [
    `version ${version}`,
    tasks[task],
    ...Object.entries(metrics).map(([metric, { value, data }]) => `${metric} ${formatNumber(value)} on ${data}`),
    notVerified === undefined ? 'verified by its examples' : 'not verified',
  ];
  return h(
    'section',
    { class: 'introduction' },
    h('h1', {}, name),
    description === undefined ? undefined : h('p', {}, description),
    h('ul', { class: 'facts' }, ...facts.map((fact) => h('li', {}, fact))),
  );
}

function exampleChips({ examples }: ModelDescription, fill: (row: Row) => void): HTMLElement | string {
  if (examples.length === 0) return '';
  const chips = examples.slice(0, MOST_EXAMPLES).map(({ input, prediction }, index) =>
    h(
      'button',
      {
        type: 'button',
        click: () => {
          fill(input);
        },
      },
      prediction === undefined ? `example ${String(index + 1)}` : formatNumber(prediction),
    ),
  );
  return h(
    'div',
    { class: 'chips', role: 'group', 'aria-label': 'Fill in an example' },
    h('span', {}, 'Examples'),
    ...chips,
  );
}
