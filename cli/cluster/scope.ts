import type { Manifests } from '../project/manifests.ts';
import type { Scope } from '../tools/kubectl.ts';

export const scopeOf = (context: string, { namespace }: Manifests): Scope => ({ context, namespace });
