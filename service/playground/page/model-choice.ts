import type { ModelListEntry } from '../../contract/api.ts';
import { h, newId } from './element.ts';

export interface ModelChoice {
  readonly element: HTMLElement;
  /** Undefined if there are no models. */
  readonly chosen: ModelListEntry | undefined;
}

/**
 * Lets the user choose a model and a version.
 *
 * @param hash the part of the address that names the choice, such as `#iris/1`
 */
export function createModelChoice(
  models: readonly ModelListEntry[],
  defaultName: string | undefined,
  hash: string,
  choose: (entry: ModelListEntry) => void,
): ModelChoice {
  const [name = '', version] = hash.slice(1).split('/').map(decoded);
  const versionsOf = (wanted: string | undefined) => models.filter((entry) => entry.name === wanted);
  const known = versionsOf(name).length > 0 ? name : (defaultName ?? models[0]?.name);
  const preferred = (entries: readonly ModelListEntry[]): ModelListEntry | undefined =>
    entries.find((entry) => entry.default) ?? entries.at(-1);
  const chosen = versionsOf(known).find((entry) => entry.version === version) ?? preferred(versionsOf(known));

  const names = [...new Set(models.map((entry) => entry.name))];
  const nameSelect = h('select', { id: newId() }, ...names.map((each) => h('option', {}, each)));
  const versionSelect = h('select', { id: newId() });
  const fill = (entry: ModelListEntry | undefined): void => {
    if (entry === undefined) return;
    nameSelect.value = entry.name;
    const entries = versionsOf(entry.name);
    versionSelect.replaceChildren(...entries.map((each) => h('option', { value: each.version }, label(each))));
    versionSelect.value = entry.version;
    versionSelect.disabled = entries.length === 1;
  };
  fill(chosen);
  nameSelect.addEventListener('change', () => {
    const entry = preferred(versionsOf(nameSelect.value));
    fill(entry);
    if (entry !== undefined) choose(entry);
  });
  versionSelect.addEventListener('change', () => {
    const entry = versionsOf(nameSelect.value)[versionSelect.selectedIndex];
    if (entry !== undefined) choose(entry);
  });
  const element = h(
    'div',
    { class: 'choice', hidden: models.length === 0 },
    h('label', { for: nameSelect.id }, 'Model'),
    nameSelect,
    h('label', { for: versionSelect.id }, 'Version'),
    versionSelect,
  );
  return { element, chosen };
}

const label = ({ version, state }: ModelListEntry): string => (state === 'loaded' ? version : `${version} (${state})`);

/** People edit addresses. What is not encoded correctly names no model. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
