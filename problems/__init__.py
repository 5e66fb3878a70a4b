"""Problems that come with kanpde, one per file. A problem of your own looks the same and lives anywhere."""
