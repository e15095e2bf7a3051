// Limits of what a registry may be, so that one bad folder or archive cannot take the machine.
// Beyond each of them reading stops with a problem that names the limit. The official registry
// (242 files, 1.1 MB, 888 groups) stays 20 times below.

/** One YAML file, in bytes. */
export const fileBytesMax = 4 << 20;
/** YAML files of one registry; also folders and other files looked at while walking, times 8. */
export const registryFilesMax = 8192;
/** All YAML of one registry, in bytes. */
export const registryBytesMax = 64 << 20;
/** An archive, compressed, and all that is unpacked of it, in bytes. */
export const archiveBytesMax = 128 << 20;
/** Entries of an archive. */
export const archiveEntriesMax = 65_536;
/** How often aliases of one file may be expanded. */
export const aliasesMax = 100;
/** Nesting of maps and lists in a file, of folders, and of `extends`. */
export const depthMax = 64;
/** Registries behind one registry, itself included. */
export const registriesMax = 64;
/** Problems kept; the rest is counted. */
export const problemsMax = 10_000;
