"""Writers: documents in, dataset files out."""
