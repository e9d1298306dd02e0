import type { Issue } from '../../../contract/api.ts';
import type { Failure } from '../api/failure.ts';
import { issueText } from '../api/issues.ts';
import type { Answer } from '../api/messages.ts';
import { announce, h } from '../element.ts';
import { formatMilliseconds, plural } from '../format.ts';
import { drawBoxes, type Picture } from './boxes.ts';
import { predictionElement, summaryOf } from './prediction.ts';

/** Where the prediction of the form appears. */
export interface AnswerPanel {
  readonly element: HTMLElement;
  /** @param picture the image that the prediction is about, if it is */
  show(answer: Answer, picture: Picture | undefined): void;
  /** @param others the problems that no field shows */
  fail(failure: Failure, others: readonly Issue[]): void;
  setBusy(busy: boolean): void;
}

/** @param again sends the same request once more */
export function createAnswerPanel(again: () => void): AnswerPanel {
  const content = h('div', {}, h('p', { class: 'empty' }, 'Fill in the values, or choose an example. Then predict.'));
  const element = h('section', { class: 'card answer', 'aria-labelledby': 'answer-title' });
  element.append(h('h2', { id: 'answer-title' }, 'Prediction'), content);
  /** On a narrow screen, the answer is below the form. */
  const reveal = (): void => {
    element.scrollIntoView({ block: 'nearest' });
  };
  return {
    element,
    show: (answer, picture) => {
      const [prediction] = answer.predictions;
      if (prediction === undefined) return;
      const warnings = prediction.warnings ?? [];
      content.replaceChildren(
        (picture && drawBoxes(prediction, picture)) ?? '',
        predictionElement(prediction),
        warnings.length > 0
          ? h('p', { class: 'message warning' }, `${plural(warnings.length, 'warning')}: see the values.`)
          : '',
        timing(answer),
        h(
          'details',
          {},
          h('summary', {}, 'Response as JSON'),
          h('pre', { tabindex: 0, 'aria-label': 'Response as JSON' }, indented(answer.text)),
        ),
      );
      const noted = warnings.length > 0 ? `, with ${plural(warnings.length, 'warning')}` : '';
      announce(`Prediction: ${summaryOf(prediction)}${noted}`);
      reveal();
    },
    fail: (failure, others) => {
      const shown = others.length < failure.issues.length;
      content.replaceChildren(
        failureElement(failure, again),
        ...others.map((issue) => h('p', { class: 'message error' }, `${issue.pointer}: ${issueText(issue)}`)),
      );
      if (!shown) reveal();
      announce(shown ? `Not predicted: ${plural(failure.issues.length, 'field')} invalid` : failure.message);
    },
    setBusy: (busy) => {
      element.setAttribute('aria-busy', String(busy));
    },
  };
}

/** Says what failed, and what to do. */
export function failureElement(failure: Failure, again: () => void): HTMLElement {
  const { title, status, message, retryAfter, requestId, issues, forgetKey, isModelNotFound } = failure;
  // The service asks for patience after 429 and 503; without a response, or a key, the next attempt may work. Another
  // replica may have the model.
  const retry = retryAfter !== undefined || status === 0 || status === 401 || status >= 500 || isModelNotFound;
  const withAnotherKey = (): void => {
    forgetKey?.();
    again();
  };
  return h(
    'div',
    { class: 'failure' },
    h('p', { class: 'title' }, title, status > 0 ? h('span', { class: 'unit' }, String(status)) : undefined),
    h('p', {}, message),
    retryAfter === undefined
      ? undefined
      : h('p', {}, `The service asks to try again in ${plural(retryAfter, 'second')}.`),
    isModelNotFound
      ? h(
          'p',
          {},
          'During an update or a canary, replicas differ. Another one may have it: reload the page to list them again.',
        )
      : undefined,
    issues.length > 0 ? undefined : requestId && h('p', { class: 'hint' }, `Request ${requestId} in the log.`),
    retry ? h('button', { type: 'button', click: again }, 'Try again') : undefined,
    forgetKey && h('button', { type: 'button', click: withAnotherKey }, 'Use another key'),
  );
}

function timing({ predictions, roundTripMs, serviceMs, replica }: Answer): HTMLElement {
  const model = predictions[0]?.model;
  const parts = [
    model && `${model.name} ${model.version}`,
    `${formatMilliseconds(roundTripMs)} round trip`,
    serviceMs !== undefined && `${formatMilliseconds(serviceMs)} in the service`,
    replica !== undefined && `from ${replica}`,
  ];
  return h(
    'p',
    { class: 'timing' },
    ...parts.filter((part) => typeof part === 'string').map((part) => h('span', {}, part)),
  );
}

function indented(text: string): string {
  const body = JSON.stringify(JSON.parse(text), null, 2);
  return body.length > 20_000 ? `${body.slice(0, 20_000)}…` : body;
}
