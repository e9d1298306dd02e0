/**
 * Bundles the service into few files of JavaScript, which load in a third of the time:
 *
 *     node service/image/bundle.ts FOLDER
 *
 * writes FOLDER/service/main.js and FOLDER/onnx/engine/process/child.js, which replace the modules of the same names,
 * and what they share. FOLDER is laid out like the repository, and needs the same packages and data files next to it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build, type Plugin } from 'esbuild';
import { options } from '../../onnx/signature/model-json-validator.ts';
import schema from '../../onnx/signature/model.schema.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '../..');
const entryPoints = ['service/main.ts', 'onnx/engine/process/child.ts'];

/** Packages that read files of their own, such as binaries and .proto files. */
const external = ['onnxruntime-node', 'swagger-ui-dist', '@grpc/*'];

/** Modules find files by `import.meta.dirname`, which in a bundle is the bundle's folder. */
const keepFolders: Plugin = {
  name: 'keep-folders',
  setup(build) {
    const moved = new Set<string>();
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes('import.meta.dirname')) return undefined;
      moved.add(relative(root, path));
      const folder = relative(join(root, 'service'), dirname(path)).replaceAll('\\', '/');
      return {
        contents: source.replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${folder}`)})`),
        loader: 'ts',
      };
    });
    build.onEnd(({ metafile }) => {
      for (const [output, { inputs }] of Object.entries(metafile?.outputs ?? {}))
        for (const input of Object.keys(inputs))
          if (moved.has(input) && !/\/service\/[^/]+$/.test(`/${output}`))
            throw new Error(`${input} uses import.meta.dirname and was bundled into ${output}, outside of service/.`);
    });
  },
};

/** Compiling the schema of model.json takes longer than loading a small model, so it is compiled here. */
const compileSchema: Plugin = {
  name: 'compile-schema',
  setup(build) {
    build.onLoad({ filter: /model-json-validator\.ts$/ }, ({ path }) => {
      const ajv = new Ajv({ ...options, code: { source: true, esm: true } });
      return { contents: standalone.default(ajv, ajv.compile(schema)), loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/** Writes the bundle to a folder. */
export async function bundle(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints,
    outbase: root,
    outdir: folder,
    chunkNames: 'service/[name]-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Node prefers `main`, which in jsonc-parser is a format that cannot be bundled.
    mainFields: ['module', 'main'],
    external,
    plugins: [compileSchema, keepFolders],
    // CommonJS packages call it.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Usage: node service/image/bundle.ts FOLDER');
  await bundle(resolve(folder));
}
