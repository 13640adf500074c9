"""Web archives and Common Crawl: reading what was crawled, down to the byte."""
