/** Ranges of addresses in networks of one's own, and of nodes and pods. */
export const privateRanges = {
  ipv4: ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'],
  ipv6: ['fc00::/7'],
} as const;

/**
 * The program of the image that downloads models before the service starts, in an init container of the same image.
 * The manifests set its variables.
 */
export const download = {
  program: 'service/download/main.js',
  variables: {
    /** Where the file is, without credentials. */
    url: 'MODELS_URL',
    /** The SHA-256 of the file, in hexadecimal. */
    sha256: 'MODELS_SHA256',
    /** Name of the model if the file is a single one. */
    name: 'MODELS_NAME',
    /** The most bytes that the file and what is unpacked from it may take together. */
    maxBytes: 'MODELS_MAX_BYTES',
    /** Ranges of private addresses to which it may connect, separated by commas. */
    allowedAddresses: 'MODELS_ALLOWED_ADDRESSES',
    /** Region of an S3-compatible storage, for its signature. */
    region: 'MODELS_REGION',
    /** Folder with the entries of the Secret as files. */
    credentialsDir: 'MODELS_CREDENTIALS_DIR',
  },
  /** What values look like. The manifests and the program check them with these. */
  patterns: {
    /** In lower case, as `sha256sum` prints it. */
    sha256: /^[\da-f]{64}$/,
    /** The folder of a model. */
    name: /^[\w-][\w.-]*$/,
  },
  credentialsDir: '/var/run/secrets/rhizome-models',
  /** Entries of the Secret with the credentials. */
  credentials: {
    /** A bearer token. */
    token: 'token',
    /** The query of a presigned URL: what follows its question mark. */
    query: 'query',
    accessKeyId: 'AWS_ACCESS_KEY_ID',
    secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
    sessionToken: 'AWS_SESSION_TOKEN',
  },
} as const;
