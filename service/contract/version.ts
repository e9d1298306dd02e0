/** The version of Rhizome. It is also written here, because the package.json in an image is the project's. */
export const version = '0.1.0';
