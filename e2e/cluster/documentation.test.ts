/** Runs the snippets of the README and of docs/. Those of the tutorial have a test of their own: tutorial.test.ts */
import { join } from 'node:path';
import { testSnippets } from '../documentation/run.ts';
import { documents, isOfTutorial } from '../documentation/snippets.ts';

testSnippets(
  documents(join(import.meta.dirname, '../..')).filter((document) => !isOfTutorial(document)),
  { containers: ['iris_1'], images: ['iris-server'] },
);
