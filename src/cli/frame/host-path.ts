/** A path as the people of the host know it: the managed plugin has /run/docker at a place of its own (plugin-config.json). */
export const onHost = (path: string): string => path.replace(/^\/host\/docker\//, '/run/docker/');
