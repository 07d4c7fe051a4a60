"""Files and folders: atomic writing, untrusted JSON and npz, the trash, places, standard streams."""
