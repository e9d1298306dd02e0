import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { replicaSources, type Watched } from '../local/index.ts';
import { dockerfileOf } from '../scaffold/dockerfile.ts';
import { ignoreFile } from '../scaffold/ignore-files.ts';

/** What an image and its manifests are made of. */
export interface ImageSources {
  readonly watched: Watched;
  /** The files that determine this: a change in them may add others. */
  readonly from: readonly string[];
  /** What the Dockerfile copies, but nobody can watch without watching everything: the project's folder, or a URL. */
  readonly notWatched: readonly string[];
}

/** Reads what is copied into the image, from the instructions of the project's Dockerfile. */
export function imageSources(root: string): ImageSources {
  const dockerfile = dockerfileOf(root);
  const { folders, files } = replicaSources;
  const path = join(root, dockerfile);
  const copied = existsSync(path) ? copiedBy(readFileSync(path, 'utf8')) : [];
  const paths = copied.filter((source) => isInside(source)).map((source) => withoutPattern(normalize(source)));
  const others = paths.filter((each) => !folders.some((folder) => each === folder || each.startsWith(`${folder}/`)));
  const isFolder = (each: string): boolean =>
    statSync(join(root, each), { throwIfNoEntry: false })?.isDirectory() === true;
  return {
    watched: {
      folders: [...folders, ...others.filter(isFolder)],
      files: [
        ...new Set([
          ...files,
          ...[dockerfile, ignoreFile(dockerfile, 'dockerignore'), ignoreFile(dockerfile, 'containerignore')],
          ...others.filter((each) => !isFolder(each)),
        ]),
      ],
    },
    from: [dockerfile, 'package.json'],
    notWatched: [...new Set(copied.filter((source) => !isInside(source)))],
  };
}

/** Whether it is a part of the project, rather than all of it, or something elsewhere. */
function isInside(source: string): boolean {
  const path = withoutPattern(normalize(source));
  return !/^\w+:\/\/|^git@|\$/.test(source) && path !== '.' && !path.startsWith('..');
}

/** Returns the folder in which a pattern such as `data/*.csv` finds files, or the path itself. */
function withoutPattern(path: string): string {
  const parts = path.replace(/^\/+|\/+$/g, '').split('/');
  const first = parts.findIndex((part) => /[*?[]/.test(part));
  return (first === -1 ? parts : parts.slice(0, first)).join('/') || '.';
}

/** Returns the sources of each COPY and ADD, without those that come from other stages. */
function copiedBy(dockerfile: string): string[] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\s*\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, rest] = /^\s*(?:COPY|ADD)\s+(.*)$/i.exec(line) ?? [];
    if (rest === undefined || /(^|\s)--from=/.test(rest)) return [];
    const words = rest.split(/\s+/).filter((word) => word !== '' && !word.startsWith('--'));
    const list = words.join(' ');
    const sources = list.startsWith('[') ? (list.match(/"[^"]*"/g) ?? []).map((word) => word.slice(1, -1)) : words;
    // A heredoc is in the Dockerfile itself.
    return sources.slice(0, -1).filter((source) => !source.startsWith('<<'));
  });
}
