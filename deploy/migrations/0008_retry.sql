-- A retry takes over the steps that the execution before it committed: the API copies them as it accepts.
GRANT INSERT ON steps, blobs TO pawl_api;
