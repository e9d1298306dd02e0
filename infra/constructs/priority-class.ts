import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { objectLabels } from '../metadata/labels.ts';
import { priorityClassName } from '../metadata/names.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';

/** Kubernetes reserves higher values for its own pods. */
const highest = 1_000_000_000;
const lowest = -(2 ** 31);

/** Props of PriorityClass. */
export interface PriorityClassProps {
  /** Name of the service. */
  readonly name: string;
  /** Namespace of the service. The PriorityClass itself belongs to the whole cluster. */
  readonly namespace: string;
  /**
   * The priority: a whole number, at most 1000000000. Most pods have priority 0.
   *
   * @explains PriorityClass.value
   * @without Kubernetes refuses the class.
   * @setBy priority
   */
  readonly value: number;
}

/**
 * A PriorityClass for the pods of one service. It belongs to the whole cluster, so its name contains what it is for and
 * its content: deleting another service's class leaves this one, and a changed value, which is immutable, creates a new
 * class while old pods keep theirs.
 *
 * @explains PriorityClass
 * @without The pods have the cluster's default priority: on full nodes, others may displace them.
 * @setBy priority
 */
export class PriorityClass extends k8s.KubePriorityClass {
  constructor(scope: Construct, id: string, { name, namespace, value }: PriorityClassProps) {
    if (!(Number.isInteger(value) && value >= lowest && value <= highest)) {
      const fix = `Use a whole number from ${lowest} to ${highest}; Kubernetes reserves higher ones for its own pods.`;
      throw new InvalidPropsError(`PriorityClass of '${name}'`, [
        { prop: 'priority', value, reason: 'is not a priority that pods can have', fix },
      ]);
    }
    super(scope, id, {
      metadata: { name: priorityClassName({ name, namespace }, value), labels: objectLabels(name) },
      /**
       * What the class is for, as `kubectl describe priorityclass` shows it.
       *
       * @explains PriorityClass.description
       * @without Administrators of the cluster have to guess which pods may have this priority.
       */
      description: 'Serves requests that someone is waiting for: takes precedence over batch work.',
      value,
    });
    patchAsWritten(this);
  }
}
