import type { ModelDownload, ModelSource } from './model-source.ts';

/** The disk space of a download whose props say nothing. */
export const defaultSizeLimit = '1Gi';

/** Returns the download that the props ask for; undefined if the models come from elsewhere. */
export const downloadOf = (models: ModelSource | undefined): ModelDownload | undefined =>
  models !== undefined && 'url' in models ? models : undefined;

/** Returns the name of the model in the file at a URL: the file's, without its extension. */
export const modelNameOf = (url: string): string =>
  (new URL(url).pathname.split('/').at(-1) ?? '').replace(/(\.tar)?\.[^.]*$/, '');
