import type { VariantDeployment } from '../project/manifests.ts';
import type { Step } from '../terminal/walkthrough.ts';

/** The steps of `up`, on this machine and on a cluster. */
export const upSteps = {
  readEnvironment: {
    title: 'Read the environment',
    why: 'The environment says which image it needs, and whether that has to be built.',
  },
  checkTools: {
    title: 'Check the tools',
    why: 'A program that is missing would otherwise be noticed halfway.',
  },
  verify: {
    title: 'Verify the models',
    why: 'A model that cannot be served is found here in a second, instead of after a build and a rollout.',
    pauseFirst: true,
  },
  ensureCluster: {
    title: 'Find or create the cluster',
    why: 'Pods run on the nodes of a cluster. Those of kind are containers of this machine.',
  },
  build: {
    title: 'Build the image',
    why: 'An image has all that a pod runs: Node.js, the service and the models. Every node then runs the same.',
  },
  push: {
    title: 'Push the image',
    why: 'The nodes pull the image from the registry, so it has to be there first.',
  },
  synthesize: {
    title: 'Synthesize the manifests',
    why: 'Manifests say what should run. They are generated from infra/, so that they are never out of date.',
  },
  load: {
    title: 'Load the image',
    why: 'The nodes cannot pull an image that only this machine has, so it is copied into each of them.',
  },
  apply: {
    title: 'Apply the manifests',
    why: 'From now on, Kubernetes starts, replaces and restarts pods until everything is as the manifests say.',
  },
  start: {
    title: 'Start the replicas',
    why: 'Each replica of the Deployment becomes a process, behind one port, which stands in for the Service.',
    pauseFirst: true,
  },
  wait: {
    title: 'Wait for the replicas',
    why: 'A replica gets requests once its models are loaded and have reproduced their examples.',
  },
  prune: {
    title: 'Delete what the manifests no longer have',
    why: 'Applying deletes nothing: what earlier manifests had, such as old settings, would stay forever.',
  },
  forward: {
    title: 'Forward a port',
    why: 'No port of this machine leads to the Service, so kubectl forwards one, to one of the pods.',
    // kubectl has to connect within some seconds.
    pauseFirst: true,
  },
  predict: {
    title: 'Predict',
    why: 'The first example of each model is sent, to compare the prediction with the one in its model.json.',
  },
} as const satisfies Readonly<Record<string, Step>>;

/** Returns the step that waits for the pods of a canary or a shadow. */
export const waitForVariant = ({ kind }: VariantDeployment): Step => ({
  title: `Wait for the ${kind}`,
  why: `The pods of the ${kind} have to become ready, too.`,
});
