// The API reference as a part of the site: it leads back to the pages.
import { join } from 'node:path';

export default {
  extends: [join(import.meta.dirname, '../../typedoc.json')],
  out: join(import.meta.dirname, 'dist/api'),
  navigationLinks: { Documentation: process.env.DOCS_BASE ?? '/' },
};
