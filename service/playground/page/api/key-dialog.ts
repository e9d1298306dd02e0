import { h, newId } from '../element.ts';
import { Failure } from './failure.ts';

let open: Promise<string> | undefined;

/** Asks the user for the API key or token: once, if several requests need it at a time. */
export function askForKey(reason: string): Promise<string> {
  open ??= show(reason).finally(() => {
    open = undefined;
  });
  return open;
}

function show(reason: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [title, input, note] = [newId(), newId(), newId()];
  const field = h('input', {
    id: input,
    type: 'password',
    required: true,
    autocomplete: 'off',
    'aria-describedby': note,
  });
  const dialog = h(
    'dialog',
    {
      class: 'key',
      'aria-labelledby': title,
      close: () => {
        end();
      },
    },
    h(
      'form',
      {
        submit: (event) => {
          event.preventDefault();
          resolve(field.value.trim());
          dialog.close();
        },
      },
      h('h2', { id: title }, 'This service needs an API key'),
      reason === '' ? undefined : h('p', { class: 'message error', role: 'alert' }, reason),
      h('label', { for: input }, 'API key or token'),
      field,
      h(
        'p',
        { class: 'hint', id: note },
        'This page keeps it in memory only, and forgets it when you close or reload it.',
      ),
      h(
        'div',
        { class: 'buttons' },
        h('button', { class: 'primary' }, 'Continue'),
        h(
          'button',
          {
            type: 'button',
            click: () => {
              dialog.close();
            },
          },
          'Cancel',
        ),
      ),
    ),
  );
  const end = (): void => {
    dialog.remove();
    reject(new Failure('No API key', 'The service needs an API key, or a token.', { status: 401 }));
  };
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}
