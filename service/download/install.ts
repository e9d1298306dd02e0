import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelFolders } from '../../onnx/file/model-folders.ts';
import { DownloadError, shown } from './download-error.ts';
import { fetchFile, type FetchOptions } from './fetch-file.ts';
import type { DownloadSettings } from './settings.ts';
import { kindOf, unpack } from './archive/unpack.ts';

/** In the models folder, hidden from the service: what is being downloaded, and the checksum of what is there. */
const workFolder = '.download';

/**
 * Downloads models and puts them into the models folder. Does nothing if they are there: a pod whose sandbox is created
 * anew runs its init containers again.
 *
 * @returns the folders of the models
 * @throws {DownloadError} if they cannot be downloaded
 */
export async function install(settings: DownloadSettings, options: FetchOptions): Promise<readonly string[]> {
  const { folder, sha256, url, maxBytes } = settings;
  const work = join(folder, workFolder);
  const done = join(work, 'done');
  const found = async (): Promise<readonly string[]> => (await modelFolders(folder)).map((model) => model.folder);
  if (existsSync(done) && readFileSync(done, 'utf8') === sha256) {
    options.logger.info({ url: shown(url), sha256 }, 'the models are there already');
    return found();
  }
  mkdirSync(work, { recursive: true });
  // What an interrupted start has unpacked.
  for (const name of readdirSync(folder))
    if (name !== workFolder) rmSync(join(folder, name), { recursive: true, force: true });

  const file = join(work, sha256);
  await fetchFile(settings, file, options);
  options.logger.info({ url: shown(url), sha256, bytes: statSync(file).size }, 'downloaded');
  const kind = await kindOf(file);
  if (kind === 'model') {
    mkdirSync(join(folder, settings.name));
    renameSync(file, join(folder, settings.name, 'model.onnx'));
  } else {
    const unpacked = join(work, 'unpacked');
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    await unpack(file, kind, unpacked, maxBytes - statSync(file).size);
    moveModels(unpacked, folder, settings.name);
    rmSync(unpacked, { recursive: true, force: true });
    rmSync(file);
  }
  const models = await found();
  if (models.length === 0)
    throw new DownloadError(
      `${shown(url)} contains no model: expected NAME/model.onnx, or model.onnx, but found ` +
        `${
          readdirSync(folder)
            .filter((name) => name !== workFolder)
            .slice(0, 10)
            .join(', ') || 'nothing'
        }.`,
    );
  writeFileSync(done, sha256);
  return models;
}

/** Moves a models folder, or the folder of one model, to its place. */
function moveModels(from: string, folder: string, name: string): void {
  const names = readdirSync(from);
  const isModel =
    names.includes('model.onnx') ||
    names.some((each) => /^\d+$/.test(each) && existsSync(join(from, each, 'model.onnx')));
  if (isModel) renameSync(from, join(folder, name));
  else for (const each of names) if (!each.startsWith('.')) renameSync(join(from, each), join(folder, each));
}
