import { h, newId } from './element.ts';

export interface DropZone {
  readonly element: HTMLElement;
  /** What the keyboard reaches. */
  readonly input: HTMLInputElement;
  /** Opens a file that came in another way. */
  readonly open: (file: File) => void;
}

/**
 * A place to drop a file, or to choose one.
 *
 * @param accept types and endings of files, as in HTML
 * @param open gets the file
 */
export function createDropZone(text: string, accept: string, open: (file: File) => void): DropZone {
  const openFirst = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    if (file !== undefined) open(file);
  };
  const input = h('input', {
    id: newId(),
    type: 'file',
    accept,
    class: 'unseen',
    change: () => {
      openFirst(input.files);
      // Choosing the same file once more is a change again.
      input.value = '';
    },
  });
  const zone = h(
    'label',
    {
      class: 'drop',
      for: input.id,
      dragover: (event) => {
        event.preventDefault();
        zone.classList.add('over');
      },
      dragleave: () => {
        zone.classList.remove('over');
      },
      drop: (event) => {
        event.preventDefault();
        zone.classList.remove('over');
        openFirst((event as DragEvent).dataTransfer?.files);
      },
    },
    h('strong', {}, text),
    ' or choose one',
  );
  return { element: h('div', { class: 'drop-area' }, input, zone), input, open };
}
