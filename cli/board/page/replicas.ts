import type { DeploymentStatus, ReplicaStatus } from '../../deployment-status.ts';
import { find, h } from './element.ts';
import { counted, formatAge, formatBytes } from './format.ts';

interface Card {
  readonly element: HTMLLIElement;
  replica: ReplicaStatus;
}

const list = find(HTMLUListElement, '#replicas');
const rollout = find(HTMLElement, '#rollout');
const cards = new Map<string, Card>();

/** Shows each replica as a card, which stays the same element for as long as the replica exists. */
export function showReplicas(status: DeploymentStatus): void {
  const { canary } = status;
  const shown = [
    ...status.replicas.map((replica) => ({ replica, role: roleOf(replica, status) })),
    ...(canary?.replicas ?? []).map((replica) => ({ replica, role: `canary, ${String(canary?.percent ?? 0)} %` })),
  ];
  for (const [name, { element }] of cards) {
    if (shown.some(({ replica }) => replica.name === name)) continue;
    element.remove();
    cards.delete(name);
  }
  for (const { replica, role } of shown) {
    const card = cards.get(replica.name) ?? { element: h('li'), replica };
    cards.set(replica.name, card);
    card.replica = replica;
    card.element.className = `card ${stateOf(replica)}`;
    card.element.replaceChildren(...contents(replica, role));
    if (!card.element.isConnected) list.append(card.element);
  }
  showRollout(status);
}

/** Continues the ages. */
export function showAges(): void {
  for (const { element, replica } of cards.values()) {
    const age = element.querySelector('.age');
    if (age !== null) age.textContent = ageOf(replica);
  }
}

const stateOf = ({ ready, reason }: ReplicaStatus): 'good' | 'warn' | 'bad' =>
  ready ? 'good' : reason === undefined || /Creating|Probe|Terminating|Pending/.test(reason) ? 'warn' : 'bad';

/** Which replica is old and which is new matters only while both exist. */
const roleOf = ({ revision }: ReplicaStatus, { replicas }: DeploymentStatus): string | undefined =>
  replicas.some((other) => other.revision !== revision) ? revision : undefined;

function contents(replica: ReplicaStatus, role: string | undefined): readonly Node[] {
  const { name, ready, restarts, reason, message, node, model, memoryBytes, pid, image, lastTermination } = replica;
  const why = ready ? undefined : [reason, message].filter((part) => part !== undefined).join(': ');
  const ended =
    restarts === 0 || lastTermination === undefined
      ? ''
      : `, last: ${lastTermination.reason} (${String(lastTermination.exitCode)})`;
  const facts: readonly (readonly [string, string | undefined, string?])[] = [
    ['Age', ageOf(replica), 'age'],
    ['Restarts', `${String(restarts)}${ended}`],
    ['Memory', memoryBytes === undefined ? undefined : formatBytes(memoryBytes)],
    ['Model', model],
    ['Node', node ?? (pid === undefined ? undefined : `this machine, pid ${String(pid)}`)],
    ['Image', image],
  ];
  return [
    h(
      'div',
      { class: 'title' },
      h('h3', {}, name),
      h('span', { class: 'state' }, ready ? 'ready' : 'not ready'),
      ...(role === undefined ? [] : [h('span', { class: 'role' }, role)]),
    ),
    ...(why === undefined || why === '' ? [] : [h('p', { class: 'why' }, why)]),
    h(
      'dl',
      {},
      ...facts
        .filter(([, value]) => value !== undefined)
        .map(([title, value = '', kind]) => h('div', {}, h('dt', {}, title), h('dd', { class: kind }, value))),
    ),
  ];
}

const ageOf = ({ startedAt }: ReplicaStatus): string =>
  startedAt === undefined ? '–' : formatAge(Date.now() - Date.parse(startedAt));

function showRollout({ wanted, updated, available = 0, replicas }: DeploymentStatus): void {
  const old = replicas.filter(({ revision }) => revision === 'old').length;
  rollout.hidden = updated === undefined || (old === 0 && updated === wanted && available === wanted);
  if (rollout.hidden || updated === undefined) return;
  const text =
    `Rollout: ${String(updated)} of ${counted(wanted, 'replica')} new, ` +
    `${String(old)} old, ${String(available)} available`;
  rollout.replaceChildren(
    h('span', {}, text),
    h('progress', { max: wanted, value: Math.min(updated, available), 'aria-label': 'Rollout' }),
  );
}
