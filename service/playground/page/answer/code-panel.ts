import { announce, h } from '../element.ts';
import { languages, snippet, type Language, type Request } from './snippets.ts';

/** Shows the request of the form as programs. */
export interface CodePanel {
  readonly element: HTMLElement;
  update(): void;
}

/** @param request returns the request that the form describes now */
export function createCodePanel(request: () => Request): CodePanel {
  let language: Language = 'curl';
  const code = h('pre', { tabindex: 0, 'aria-label': 'The request as code' });
  const update = (): void => {
    code.textContent = snippet(language, request());
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === language));
  };
  const buttons = languages.map((name) =>
    h(
      'button',
      {
        type: 'button',
        click: () => {
          language = name;
          update();
        },
      },
      name,
    ),
  );
  const copy = h('button', { type: 'button', class: 'copy', click: () => void copyText(code, copy) }, 'Copy');
  const element = h('section', { class: 'card code', 'aria-labelledby': 'code-title' });
  element.append(
    h('h2', { id: 'code-title' }, 'As code'),
    h(
      'div',
      { class: 'bar' },
      h('div', { class: 'segments', role: 'group', 'aria-label': 'Language' }, ...buttons),
      copy,
    ),
    code,
  );
  return { element, update };
}

/** Only pages from https, or from this machine, may use the clipboard. Elsewhere the text is selected. */
async function copyText(code: HTMLElement, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(code);
    button.textContent = 'Selected: press Ctrl-C';
  }
  announce(button.textContent);
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
}
