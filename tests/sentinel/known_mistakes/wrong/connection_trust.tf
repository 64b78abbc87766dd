# The connection's role trusts an AWS account. A connection comes with a token of Google's and can never assume it; whoever
# holds that account can.

data "aws_iam_policy_document" "connection_assumes" {
  statement {
    sid     = "ConnectionAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::999999999999:root"]
    }
  }
}

resource "aws_iam_role" "connection" {
  name               = "mesh-dev-us-east-1-bigquery"
  assume_role_policy = data.aws_iam_policy_document.connection_assumes.json
}
