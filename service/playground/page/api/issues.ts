import type { Issue } from '../../../contract/api.ts';

/** Returns the parts of a JSON Pointer that is a URI fragment (RFC 6901). */
export const segments = (pointer: string): readonly string[] =>
  decodeURIComponent(pointer.replace(/^#\/?/, ''))
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

/**
 * Says what is wrong, and what was expected.
 *
 * @param place within the feature
 */
export const issueText = ({ detail, expected }: Issue, place: readonly string[] = []): string =>
  [place.length > 0 && `At ${place.join(', ')}:`, detail, expected !== undefined && `Expected ${expected}.`]
    .filter((part) => part !== false)
    .join(' ');
