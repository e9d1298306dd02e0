import { Failure } from '../failure.ts';

/** The programs that the command line calls: their purpose, and where to get them. */
const tools: Readonly<Record<string, { readonly why: string; readonly install: string }>> = {
  docker: { why: 'builds the image and runs the nodes of kind', install: 'https://docs.docker.com/engine/install/' },
  podman: { why: 'builds the image and runs the nodes of kind', install: 'https://podman.io/docs/installation' },
  kind: {
    why: 'creates a Kubernetes cluster from containers',
    install: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  },
  kubectl: { why: 'talks to the cluster', install: 'https://kubernetes.io/docs/tasks/tools/#kubectl' },
  minikube: { why: 'runs the cluster that you chose', install: 'https://minikube.sigs.k8s.io/docs/start/' },
};

/** A program is not installed, or not on the PATH. */
export class MissingTool extends Failure {
  override readonly name = 'MissingTool';
  readonly tool: string;

  constructor(tool: string, cause?: unknown) {
    const known = tools[tool];
    super(`\`${tool}\` is not installed, or not on the PATH${known === undefined ? '' : `; it ${known.why}`}.`, {
      cause,
      hint:
        known === undefined
          ? `Install ${tool}, then run the same command again.`
          : `Install it (${known.install}), then run the same command again. ` +
            'Without it, you can still use `rhizome up`, which needs only Node.js.',
    });
    this.tool = tool;
  }
}
