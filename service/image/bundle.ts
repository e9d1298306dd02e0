/**
 * Bundles the service into few files of JavaScript, which load in a third of the time:
 *
 *     node service/image/bundle.ts FOLDER
 *
 * writes FOLDER/service/main.js, FOLDER/service/download/main.js and FOLDER/onnx/engine/process/child.js, which replace
 * the modules of the same names, and what they share, and the page of the playground. FOLDER is laid out like the
 * repository, and needs the same packages and data files next to it.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build, type Plugin } from 'esbuild';
import { options } from '../../onnx/signature/model-json-validator.ts';
import schema from '../../onnx/signature/model.schema.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '../..');
const entryPoints = ['service/main.ts', 'service/download/main.ts', 'onnx/engine/process/child.ts'];

/** Packages that read files of their own, such as binaries and .proto files. */
const external = ['onnxruntime-node/bin/*', 'swagger-ui-dist', '@grpc/*', 'sharp'];

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

/**
 * Takes Node's own modules from `process.getBuiltinModule`. An import would also load what they only re-export on
 * demand, such as all streams for `node:fs`.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^[a-z][\w/:]*$/ }, ({ path, kind }) =>
      isBuiltin(path) && kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const builtin = process.getBuiltinModule(path) as object;
      const names = Object.keys(builtin).filter((name) => name !== 'default' && /^[\w$]+$/.test(name));
      return {
        contents: [
          `const builtin = process.getBuiltinModule(${JSON.stringify(path)});`,
          'const value = (name) => builtin[name];',
          'export default builtin;',
          // Only what is used remains in the bundle.
          ...names.map((name) => `const _${name} = /* @__PURE__ */ value('${name}'); export { _${name} as ${name} };`),
        ].join('\n'),
        loader: 'js',
      };
    });
  },
};

/** The runtime's JavaScript is bundled, and loads its binary from its package. */
const runtimeBinary: Plugin = {
  name: 'runtime-binary',
  setup(build) {
    build.onLoad({ filter: /onnxruntime-node\/dist\/binding\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace('require(`../bin/', 'require(`onnxruntime-node/bin/');
      if (contents === source) throw new Error(`${path} loads its binary in another way than this plugin expects.`);
      return { contents, loader: 'js' };
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
    plugins: [compileSchema, keepFolders, builtins, runtimeBinary],
    // CommonJS packages call it.
    banner: {
      js: "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  await bundlePage(join(folder, page));
}

const page = 'service/playground/page';

/** Writes the playground's page, with one script that browsers can load at once. */
async function bundlePage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const file of ['index.html', 'style.css']) copyFileSync(join(root, page, file), join(folder, file));
  await build({
    absWorkingDir: root,
    entryPoints: [`${page}/main.ts`],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Usage: node service/image/bundle.ts FOLDER');
  await bundle(resolve(folder));
}
