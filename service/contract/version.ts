/** Of Rhizome. In an image the package.json at hand is the project's, so it is written here too. */
export const version = '0.1.0';
