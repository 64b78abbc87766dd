variable "folder" {
  description = "Folder that holds the data contracts, one <domain>.odcs.yaml per domain; those of retired domains in retired/."
  type        = string

  validation {
    condition     = length(fileset(var.folder, "*.odcs.yaml")) > 0
    error_message = "folder holds no file *.odcs.yaml: give the repository's contracts/."
  }
}
