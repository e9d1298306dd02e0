/**
 * The volume that is mounted over the models of the image.
 *
 * @explains PodSpec.volumes[name=models].**
 * @explains Container.volumeMounts[name=models].**
 * @without The pods serve the models of the image.
 * @setBy models
 */
export const modelsVolume = 'models';

/**
 * The volume with the credentials of a download.
 *
 * @explains PodSpec.volumes[name=models-credentials].**
 * @explains Container.volumeMounts[name=models-credentials].**
 * @without The server refuses the download, and no pod starts.
 * @setBy models
 */
export const credentialsVolume = 'models-credentials';
