/** Name of the volume that is mounted over the models of the image. */
export const modelsVolume = 'models';

/** Name of the volume with the credentials of a download. */
export const credentialsVolume = 'models-credentials';
