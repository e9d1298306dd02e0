import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { answerWith } from '../fixtures/project.ts';
import { startService, type ServiceProcess } from '../../service/fixtures/process.ts';

const repository = join(import.meta.dirname, '../..');
const flowers = [
  { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 },
  { sepal_length: 5.9, sepal_width: 3.0, petal_length: 4.2, petal_width: 1.5 },
];

let folder: string;
let service: ServiceProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-predict-'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
  const model = async (from: string, to: string): Promise<void> => {
    await mkdir(join(folder, 'models', to), { recursive: true });
    await cp(join(repository, from), join(folder, 'models', to), {
      recursive: true,
      filter: (path) => !/\.(py|txt)$/.test(path),
    });
  };
  await model('models/iris', 'iris');
  await model('models/iris', 'flowers/1');
  await model('models/iris', 'flowers/2');
  for (const version of [1, 2]) {
    const path = join(folder, `models/flowers/${version}/model.json`);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"name": "iris"', '"name": "flowers"'));
  }
  await mkdir(join(folder, 'models/echo'));
  await cp(join(repository, 'onnx/fixtures/columns.onnx'), join(folder, 'models/echo/model.onnx'));
  await mkdir(join(folder, 'models/sum'));
  await cp(join(repository, 'onnx/fixtures/graphs/run-optional.onnx'), join(folder, 'models/sum/model.onnx'));
  await model('service/fixtures/images/colors', 'colors');
  service = await startService(join(folder, 'models'));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

const predict = (args: readonly string[], input = '', cwd = folder) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'predict', '--url', service.url, ...args], {
    cwd,
    reject: false,
    timeout: 60_000,
    input,
  });
const csv = (rows: readonly (readonly unknown[])[]) => `${rows.map((row) => row.join(',')).join('\n')}\n`;

test('sends an image, which is an argument or that of --file', async () => {
  const image = join(repository, 'onnx/decode/image/fixtures/pixel.png');
  const { stdout, stderr } = await predict(['colors', image]);
  expect(JSON.parse(stdout)).toMatchObject({ prediction: 'red', model: { name: 'colors' } });
  expect(stderr).toContain(`-H 'content-type: image/png' --data-binary @${image}`);
  const refused = await predict(['iris', '--file', image]);
  expect(refused.stderr).toContain('The Content-Type is image/png. Send JSON');
  // Without a model, as for a service that has only one.
  expect((await predict(['none.jpg'])).stderr).toContain('Cannot read none.jpg: no such file or directory');
});

test('with --url, a request needs no project', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'rhizome-predict-'));
  const image = join(repository, 'onnx/decode/image/fixtures/pixel.png');
  const flower = '{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}';
  for (const args of [
    ['iris', '--json', flower],
    ['colors', image],
    ['colors', '--file', image],
  ])
    expect(await predict(args, '', elsewhere)).toMatchObject({ exitCode: 0 });
  await rm(elsewhere, { recursive: true });
});

test('an image has a curl line too, and refuses the options that are for rows', async () => {
  const image = join(repository, 'onnx/decode/image/fixtures/pixel.png');
  const { stdout, stderr } = await predict(['colors', '--file', image, '--print-curl']);
  expect(stderr).toBe('');
  const response = await execa('sh', ['-c', `${stdout} --silent`]);
  expect(JSON.parse(response.stdout)).toMatchObject({ prediction: 'red', model: { name: 'colors' } });
  for (const option of [['--out', 'x.json'], ['--format', 'csv'], ['--with-input'], ['--stop-on-error']]) {
    const refused = await predict(['colors', '--file', image, ...option]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`${option[0]} has no effect with`) });
  }
  const rows = await predict(['iris', '--file', 'rows.csv', '--print-curl']);
  expect(rows).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--print-curl is not for rows') });
});

test('--print-curl prints a line that a shell can run, and sends nothing itself', async () => {
  const { stdout, stderr } = await predict(['iris', '--print-curl']);
  expect(stdout).toMatch(/^curl http/);
  expect(stderr).toBe('');
  const response = await execa('sh', ['-c', `${stdout} --silent`]);
  expect(JSON.parse(response.stdout)).toMatchObject({ prediction: 'setosa', model: { name: 'iris' } });
});

test('each model and each version has its examples', async () => {
  const versions = await Promise.all(
    [['iris'], ['flowers'], ['flowers/1']].map(async (args) => {
      const { stdout } = await predict(args);
      return (JSON.parse(stdout) as { prediction: string; model: object }).model;
    }),
  );
  expect(versions).toEqual([
    { name: 'iris', version: '1' },
    { name: 'flowers', version: '2' },
    { name: 'flowers', version: '1' },
  ]);
  const which = await predict([]);
  expect(which).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Which model? models/ has colors, echo, flowers/1, flowers/2, iris, sum.'),
  });
  const unknown = await predict(['tulips', '--json', '{}']);
  expect(unknown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("There is no model 'tulips'") });
});

test('CSV: columns in any order and among others; predictions as CSV, with the input on request', async () => {
  const header = ['id', 'petal_width', 'petal_length', 'sepal_width', 'sepal_length'];
  const text = csv([
    header,
    ...flowers.map((flower, index) => [
      `"a,${index}"`,
      flower.petal_width,
      flower.petal_length,
      flower.sepal_width,
      flower.sepal_length,
    ]),
  ]);
  const { stdout, stderr, exitCode } = await predict(['iris', '--file', '-'], text);
  expect(stderr).toContain('Not sent, since it is not a feature of iris: id');
  const [titles, first, second] = stdout.split('\n');
  expect(titles).toBe('line,prediction,probabilities.setosa,probabilities.versicolor,probabilities.virginica,error');
  expect(first).toMatch(/^2,setosa,0\.97\d*,0\.02\d*,\S+,$/);
  expect(second).toMatch(/^3,versicolor,/);
  expect(exitCode).toBe(0);
  const both = await predict(['iris', '--file', '-', '--with-input'], text);
  expect(both.stdout.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^line,id,petal_width,.*,prediction,/),
    expect.stringMatching(/^2,"a,0",0\.2,1\.4,3\.5,5\.1,setosa,/),
  ]);
});

test('names the lines of rejected rows and predicts the others; sends a long file in several requests', async () => {
  const rows = Array.from({ length: 1300 }, (_, index) => Object.values(flowers[index % 2]!) as unknown[]);
  rows[3]![1] = 'wide';
  rows[700] = [1, 2];
  rows[701]![3] = '';
  await writeFile(join(folder, 'long.csv'), csv([Object.keys(flowers[0]!), ...rows]));
  const { exitCode, stderr, stdout } = await predict(['iris', '--file', 'long.csv', '--out', 'answers.json']);
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('✓ 1,300 rows, 3 rejected, in answers.json');
  expect(stderr).toContain(
    '✗ 3 rows of long.csv were rejected.\n' +
      '    line 5: sepal_width: Got a string, expected a number (float32) from 2 to 4.4 in cm: "wide"\n' +
      '    line 702: has 2 fields, but the header has 4\n' +
      '    line 703: petal_width: Got a string, expected a number (float32) from 0.1 to 2.5 in cm: "" ' +
      '(write a missing value as NaN)\n',
  );
  const answers = JSON.parse(await readFile(join(folder, 'answers.json'), 'utf8')) as {
    prediction?: string;
    line?: number;
    error?: string;
  }[];
  expect(answers).toHaveLength(1300);
  expect(answers[3]).toEqual({
    line: 5,
    error: 'sepal_width: Got a string, expected a number (float32) from 2 to 4.4 in cm: "wide"',
  });
  // Each of the others has its own prediction.
  const expected = rows.map((_, index) =>
    [3, 700, 701].includes(index) ? undefined : index % 2 === 0 ? 'setosa' : 'versicolor',
  );
  expect(answers.map(({ prediction }) => prediction)).toEqual(expected);

  const stopped = await predict(['iris', '--file', 'long.csv', '--stop-on-error']);
  expect(stopped.exitCode).toBe(1);
  expect(stopped.stdout.split('\n')).toHaveLength(5);
  expect(stopped.stderr).toContain('✗ A row of long.csv was rejected, and those after it were not sent.\n    line 5: ');
});

test('JSON in every form; predictions in the same form', async () => {
  const one = await predict(['iris', '--file', '-'], JSON.stringify(flowers[0]));
  expect(JSON.parse(one.stdout)).toMatchObject({ prediction: 'setosa', model: { name: 'iris', version: '1' } });
  const forms = [
    JSON.stringify(flowers),
    JSON.stringify({
      columns: Object.fromEntries(
        Object.keys(flowers[0]!).map((name) => [name, flowers.map((flower) => flower[name as 'sepal_length'])]),
      ),
    }),
    flowers.map((flower) => JSON.stringify(flower)).join('\n'),
  ];
  for (const form of forms) {
    const { stdout } = await predict(['flowers', '--file', '-'], form);
    expect((JSON.parse(stdout) as { prediction: string }[]).map(({ prediction }) => prediction)).toEqual([
      'setosa',
      'versicolor',
    ]);
  }
  const asCsv = await predict(['flowers', '--file', '-', '--format', 'csv'], forms[0]);
  expect(asCsv.stdout).toMatch(/^row,prediction,.*\n1,setosa,.*\n2,versicolor,/);
});

test('columns as pandas names them are found, and one line says so', async () => {
  const header = ['Sepal length (cm)', 'sepal width', 'petal_length', 'petal-width'];
  const { exitCode, stdout, stderr } = await predict(
    ['iris', '--file', '-', '--format', 'json'],
    csv([header, Object.values(flowers[0]!), Object.values(flowers[1]!)]),
  );
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([{ prediction: 'setosa' }, { prediction: 'versicolor' }]);
  expect(stderr).toContain(
    'Columns with similar names: Sepal length (cm) is sepal_length, sepal width is sepal_width, ' +
      'petal-width is petal_width',
  );
});

test('a file may lack the columns of an optional input', async () => {
  const header = ['x_0', 'x_1', 'x_2', 'o_0', 'o_1', 'o_2'];
  for (const [columns, y] of [
    [3, [1, 2, 3]],
    [6, [5, 7, 9]],
  ] as const) {
    const rows = [header, [1, 2, 3, 4, 5, 6]].map((row) => row.slice(0, columns));
    const { stdout } = await predict(['sum', '--file', '-', '--format', 'json'], csv(rows));
    expect(JSON.parse(stdout)).toMatchObject([{ outputs: { y } }]);
  }
});

test.each<[string, readonly string[], string, number, RegExp]>([
  [
    'a column that is missing',
    ['iris', '--file', '-'],
    'sepal_length,sepal_width\n1,2',
    2,
    new RegExp(
      [
        String.raw`standard input lacks the columns petal_length, petal_width\.`,
        '.*columns of the header: sepal_length, sepal_width',
      ].join('\n'),
    ),
  ],
  ['no model if there are several', ['--file', '-'], 'a\n1', 2, /Which model\? The service has /],
  [
    'a file that does not exist',
    ['iris', '--file', 'none.csv'],
    '',
    1,
    /Cannot read none\.csv: no such file or directory/,
  ],
  [
    'to overwrite the file that is read',
    ['iris', '--file', 'x.csv', '--out', './x.csv'],
    '',
    2,
    /--out \.\/x\.csv would overwrite the file that --file reads/,
  ],
  ['an argument that is not an image', ['iris', 'x.csv'], '', 2, /x\.csv is not an image[^]*use --file x\.csv/],
  ['an image beside --json', ['colors', 'x.jpg', '--json', '{}'], '', 2, /x\.jpg and --json are both to be sent/],
  ['--out alone', ['iris', '--out', 'x.csv'], '', 2, /--out has no effect without --file/],
])('rejects %s', async (_, args, input, exitCode, message) => {
  expect(await predict(args, input)).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(message) });
});

test('rejected rows that the response does not name are found by halving the batch', async () => {
  // Replaces the service by one that only says that something is wrong.
  const sizes: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request
      .on('data', (chunk: Buffer) => {
        body += chunk.toString();
      })
      .on('end', () => {
        const rows = JSON.parse(body) as { a: number }[];
        sizes.push(rows.length);
        if (rows.some(({ a }) => a === 13))
          response
            .writeHead(422)
            .end(JSON.stringify({ type: 'urn:problem-type:rhizome:invalid-input', detail: 'Thirteen.' }));
        else response.end(JSON.stringify(rows.map(({ a }) => ({ prediction: a * 2 }))));
      });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rows = Array.from({ length: 40 }, (_, a) => JSON.stringify({ a })).join('\n');
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [join(repository, 'cli/main.ts'), 'predict', '--url', url, '--file', '-', '--format', 'csv'],
      { cwd: folder, input: rows, reject: false },
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('line 14: Thirteen.');
    expect(stdout.split('\n')).toEqual([
      'line,prediction,error',
      ...Array.from({ length: 40 }, (_, a) => (a === 13 ? '14,,Thirteen.' : `${a + 1},${a * 2},`)),
    ]);
    expect(sizes.length).toBeLessThan(15);
  } finally {
    server.close();
  }
});

test('what a service responds cannot control the terminal: a detail is escaped, and JSON keeps its value', async () => {
  const hostile = '\u001b]52;c;AAAA\u0007 \u009b2J';
  const problem = { type: 'urn:problem-type:rhizome:invalid-input', title: hostile, detail: hostile };
  for (const [status, body] of [
    [422, problem],
    [200, { prediction: hostile }],
  ] as const) {
    const service = await answerWith(status, body);
    try {
      const { stdout, stderr } = await execa(
        process.execPath,
        [join(repository, 'cli/main.ts'), 'predict', '--url', service.url, '--json', '{}'],
        { cwd: folder, reject: false },
      );
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u);
      if (status === 200) expect(JSON.parse(stdout)).toEqual(body);
      else expect(stderr).toContain(String.raw`\u001b]52;c;AAAA\u0007 \u009b2J`);
    } finally {
      await service.close();
    }
  }
});
